// Chat, stream, tools and the Responses API with OpenAI's SDK. Prints one line a finding; node.js fails on what is thrown.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.GATE}/v1`, apiKey: process.env.KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello" }];
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];

const whole = await client.chat.completions.create({ model: "demo/chat", messages });
console.log("chat", whole.choices[0].message.content);

let streamed = "";
for await (const chunk of await client.chat.completions.create({ model: "demo/chat", messages, stream: true })) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
}
console.log("stream", streamed);

for (const model of ["chat-model", "messages-model"]) {
  const runner = client.chat.completions.stream({ model, messages, tools });
  const first = (await runner.finalChatCompletion()).choices[0].message;
  const [call] = first.tool_calls;
  console.log("call", model, call.function.name, call.function.arguments);
  const turn = { role: "tool", tool_call_id: call.id, content: "sunny" };
  const last = await client.chat.completions.create({ model, messages: [...messages, first, turn], tools });
  console.log("answer", model, last.choices[0].message.content, last.usage.total_tokens);
}

const input = [{ role: "user", content: "Hello" }];
const flat = [{ type: "function", name: "get_weather", parameters, strict: false }];
const stream = client.responses.stream({ model: "messages-model", input, tools: flat, store: false });
const response = await stream.finalResponse();
const item = response.output.find((one) => one.type === "function_call");
const output = { type: "function_call_output", call_id: item.call_id, output: "rainy" };
const end = await client.responses.create({ model: "messages-model", input: [...input, item, output], tools: flat });
console.log("responses", item.name, item.arguments, end.output_text);

const { data } = await client.models.list();
console.log("models", data.map((one) => one.id).join(" "));
try {
  await client.chat.completions.create({ model: "nothing", messages });
} catch (error) {
  console.log("error", error.constructor.name, error.status, error.code);
}
