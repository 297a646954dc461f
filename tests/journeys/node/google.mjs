// generateContent, streams, tools and token counts with Google's SDK.
import { ApiError, GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({ apiKey: process.env.KEY, httpOptions: { baseUrl: process.env.GATE } });
const question = { role: "user", parts: [{ text: "Hello" }] };
const parameters = { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] };
const config = { tools: [{ functionDeclarations: [{ name: "get_weather", parameters }] }] };

const whole = await client.models.generateContent({ model: "demo/chat", contents: "Hello" });
console.log("chat", whole.text);
let streamed = "";
for await (const part of await client.models.generateContentStream({ model: "demo/chat", contents: "Hello" })) {
  streamed += part.text ?? "";
}
console.log("stream", streamed);

for (const model of ["chat-model", "messages-model"]) {
  let first;
  for await (const part of await client.models.generateContentStream({ model, contents: [question], config })) {
    if (part.functionCalls) first = part;
  }
  const [call] = first.functionCalls;
  console.log("call", model, call.name, JSON.stringify(call.args));
  const given = { functionResponse: { id: call.id, name: call.name, response: { output: "sunny" } } };
  const contents = [question, first.candidates[0].content, { role: "user", parts: [given] }];
  const last = await client.models.generateContent({ model, contents, config });
  console.log("answer", model, last.text, last.usageMetadata.totalTokenCount);
}

const counted = await client.models.countTokens({ model: "demo/chat", contents: "Hello" });
console.log("count", counted.totalTokens > 0);
try {
  await client.models.generateContent({ model: "nothing", contents: "Hello" });
} catch (error) {
  console.log("error", error instanceof ApiError, error.status);
}
