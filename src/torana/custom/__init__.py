"""Custom models: any in-house HTTP service described by data, callable like every other model.

describe.py     what a description says; read.py reads it from YAML or JSON; schema.py its `inputs_schema`
inputs.py       a neutral request as the plain JSON that templates and mappings see
steps.py        render a request, map a reply or an error; stream.py and framing.py map a stream
replies.py      what a mapping gave as the neutral reply
sandbox.py      where every expression runs: a child process with limits, which jobs.py speaks to
worker.py       that child; expressions.py (JSONata) and templates.py (minijinja) are imported nowhere else

Nothing here does HTTP. The steps are coroutines over an `Evaluate`: whoever calls them says how a job reaches the sandbox.
"""
