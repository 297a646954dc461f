// Messages, streams, tools and token counts with Anthropic's SDK.
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.GATE, apiKey: process.env.KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello" }];
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ name: "get_weather", input_schema: schema }];

const whole = await client.messages.create({ model: "demo/chat", max_tokens: 100, messages });
console.log("chat", whole.content[0].text);
const streamed = await client.messages.stream({ model: "demo/chat", max_tokens: 100, messages }).finalText();
console.log("stream", streamed);

for (const model of ["chat-model", "messages-model"]) {
  const first = await client.messages.stream({ model, max_tokens: 100, messages, tools }).finalMessage();
  const call = first.content.find((block) => block.type === "tool_use");
  console.log("call", model, call.name, JSON.stringify(call.input), first.stop_reason);
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "sunny" }] };
  const turns = [...messages, { role: "assistant", content: first.content }, result];
  const last = await client.messages.create({ model, max_tokens: 100, messages: turns, tools });
  console.log("answer", model, last.content[0].text, last.usage.input_tokens + last.usage.output_tokens);
}

const counted = await client.messages.countTokens({ model: "demo/chat", messages });
console.log("count", counted.input_tokens > 0);
const names = [];
for await (const one of client.models.list()) names.push(one.id);
console.log("models", names.join(" "));
try {
  await client.messages.create({ model: "nothing", max_tokens: 1, messages });
} catch (error) {
  console.log("error", error.constructor.name, error.status, error.error.error.code);
}
