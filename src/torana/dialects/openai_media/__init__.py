"""What is not about text, in OpenAI's form: images, speech, transcriptions, moderations, rerank, files, batches, fine-tuning.

None of it is translated but rerank (dialects/cohere/rerank.py): requests and replies pass as they are. `look.py` puts the
deployment's model into a JSON body, `multipart.py` finds it in a form, `watch.py` counts what a reply says was used.
"""
