"""certsvc signs, registers, renders and verifies electronic qualification certificates."""

__version__ = "0.1.0"
