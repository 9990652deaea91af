"""The processes in which pictures are read: each can be killed, and none can reach out.

``pool`` is the queue before them, ``slot`` the room for one of them, ``process`` the parent's end
of one and ``serve`` what runs inside; ``wire`` is what goes over the pipe between the two.
``sandbox`` takes from a process what a picture has no use for.
"""
