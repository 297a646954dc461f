"""Google's Gemini API: generateContent, streamGenerateContent, countTokens, embedContent, batchEmbedContents and models.

https://ai.google.dev/api/generate-content, https://ai.google.dev/api/embeddings, https://ai.google.dev/api/models

How it differs from other dialects, and what is done about it:

- The model stands in the path.
- Names come in camelCase and in snake_case, and a list of one may come bare: both are read, camelCase and lists are written.
- Function calls need no id. Those without one get an id from their place, which begins with `call_g_` and is left out again
  where the conversation goes to Gemini.
- A `thoughtSignature` may stand at any part and has to come back with it. It travels in the neutral `signature` fields. What a
  caller of another dialect cannot carry is missing when the conversation goes on. Gemini 3 then refuses the function calls of
  the current turn, so the first of each step gets the placeholder that Google documents for this
  (https://ai.google.dev/gemini-api/docs/thought-signatures#faqs); the answer may be worse for it. See `signatures.py`.
- A stream has no closing event: the end of the body ends it, or the closing bracket where it is a JSON array.
"""

NAME = "gemini"
