// Text, streams and tool loops with Vercel's `ai`.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const gate = createOpenAICompatible({ name: "torana", baseURL: `${process.env.GATE}/v1`, apiKey: process.env.KEY });
const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny in ${city}` });

const whole = await generateText({ model: gate("demo/chat"), prompt: "Hello", maxRetries: 0 });
console.log("chat", whole.text);
const stream = streamText({ model: gate("demo/chat"), prompt: "Hello", maxRetries: 0 });
console.log("stream", await stream.text);

for (const model of ["chat-model", "messages-model"]) {
  const loop = streamText({
    model: gate(model),
    prompt: "Hello",
    tools: { get_weather: weather },
    stopWhen: stepCountIs(3),
    maxRetries: 0,
  });
  console.log("answer", model, await loop.text, (await loop.steps).length);
}
