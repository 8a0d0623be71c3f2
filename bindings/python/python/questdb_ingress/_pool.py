"""``await ticket``: event loops wait for batches of a pool, without a thread for each."""

#: What each event loop waits for; made by the first one.
_loops = None


class _Waits:
    """The tickets that one event loop waits for."""

    def __init__(self, loop):
        import itertools
        import weakref

        from ._native import _Wakes

        self._wakes = _Wakes()
        self._numbers = itertools.count()
        self._open = {}
        self._futures = weakref.WeakKeyDictionary()
        self._loop = weakref.ref(loop)
        loop.add_reader(self._wakes.fileno(), self._ready)

    def future(self, ticket):
        """Returns the future of a ticket, the same one for all tasks that wait for it."""
        future = self._futures.get(ticket)
        if future is None or future.cancelled():
            future = self._loop().create_future()
            number = next(self._numbers)
            # Before it is asked: the answer may come at once.
            self._open[number] = (ticket, future)
            self._futures[ticket] = future
            self._look(number)
        return future

    def _ready(self):
        for number in self._wakes.take():
            self._look(number)

    def _look(self, number):
        ticket, future = self._open.get(number, (None, None))
        if ticket is None:
            return
        try:
            completion = ticket._poll(self._wakes, number)
        except Exception as e:
            completion = None
            if not future.done():
                future.set_exception(e)
        else:
            if completion is None:
                return
            if not future.done():
                future.set_result(completion)
        del self._open[number]


def _waits(loop):
    global _loops
    if _loops is None:
        import weakref

        _loops = weakref.WeakKeyDictionary()
    waits = _loops.get(loop)
    if waits is None:
        waits = _loops[loop] = _Waits(loop)
    return waits


async def _completion(ticket):
    import asyncio

    loop = asyncio.get_running_loop()
    try:
        waits = _waits(loop)
    except NotImplementedError:
        # The event loop of Windows waits for no descriptors.
        return await asyncio.to_thread(ticket.wait)
    # A task that is cancelled leaves the batch alone, and the others that wait for it.
    return await asyncio.shield(waits.future(ticket))


def await_ticket(self):
    return _completion(self).__await__()
