from collections.abc import Generator
from typing import Any

from . import Completion, Ticket

def await_ticket(self: Ticket) -> Generator[Any, Any, Completion]: ...
