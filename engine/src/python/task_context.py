"""A task context for each thread, where PySpark has one for each worker process."""

import threading

from pyspark.taskcontext import TaskContext

_thread = threading.local()
_get_of_process = TaskContext.__dict__["get"].__func__


def _get(cls):
    context = getattr(_thread, "context", None)
    return _get_of_process(cls) if context is None else context


TaskContext.get = classmethod(_get)


def enter(partition):
    """Give the calling thread the context of a partition's first attempt."""
    context = object.__new__(TaskContext)
    context._partitionId = partition
    context._attemptNumber = 0
    context._stageId = 0
    context._taskAttemptId = partition
    context._cpus = 1
    context._localProperties = {}
    context._resources = {}
    _thread.context = context
