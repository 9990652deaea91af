"""Hostile files and links, and what becomes of the bot that is sent them.

``files`` draws the files, ``links`` lists the links, ``website`` is a server that misbehaves;
``tracing`` looks at what reading a file asks of the kernel.
"""
