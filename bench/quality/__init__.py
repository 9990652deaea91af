"""How well altered pictures are found, and how often something else is stated.

``python -m bench.quality`` asks the product: ``library`` says which files an index holds, ``index``
makes it, ``questions`` are altered copies as the product reads them, ``answers`` what it says,
``rivals`` what simpler searches say; ``counting`` and ``tables`` count, ``chances`` looks at what
is met of strangers, ``costs`` at the time; ``evaluation`` does all of it.  ``page`` draws examples.

``pictures`` are the real ones, ``alterations`` what becomes of them in a chat, ``distractors`` the
million others that an index holds.  ``fingerprints`` are candidates for a second look, which
``candidates`` measures; ``framings`` measures how the picture within a picture is found.
"""
