"""Who gets a turn when many ask at once, and how what is under way comes to its end.

Everything that reads a picture takes a turn first (:class:`Admission`), and everything that answers
a person is noted while it does (:class:`Work`), so that a stop can wait for it (:class:`Stop`).
"""

from bot.flow.admission import AT_ONCE, Admission, Turn
from bot.flow.line import Asker, Bounds
from bot.flow.stopping import Stop, until_told
from bot.flow.work import Work

__all__ = ["AT_ONCE", "Admission", "Asker", "Bounds", "Stop", "Turn", "Work", "until_told"]
