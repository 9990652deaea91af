"""Trying the bot without a token: pictures of our own, and Discord simulated in the terminal."""
