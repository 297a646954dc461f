"""The built-in vendor: deterministic answers in OpenAI's form, made in this process, plainly labelled as a demo.

Sans-io and step-neutral: bytes in, bytes out. Nothing here sleeps, connects, or draws a random number.
"""

from torana.gate.demo.answer import answer
from torana.gate.demo.wire import DemoReply

__all__ = ["DemoReply", "answer"]
