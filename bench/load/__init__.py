"""A whole bot under load: members who ask at once, on the way from a message to its reply.

``discord`` has the servers and members, ``pictures`` what they send, ``fates`` what becomes of it;
``launch`` runs the bot in a process of its own, and ``beside`` measures the same pictures without
the bot.  ``faults`` has things go wrong, ``processes`` tells what everybody uses, ``parts`` are the
measurements, and ``report`` makes Markdown of them.
"""
