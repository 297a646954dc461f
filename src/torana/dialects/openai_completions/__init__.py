"""OpenAI's older text completions. Source: https://platform.openai.com/docs/api-reference/completions

They share what they can with chat completions, whose `look.py` and `watch.py` serve both where both sides speak the same.
"""
