// One turn with a function call, held by @openai/agents-realtime's RealtimeSession.
//
//     node agents_realtime_turn.mjs URL
//
// URL: ws://.../v1/realtime. Prints what the function was given and what was said, as a line of JSON.

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

const TIMEOUT_MS = 120_000;
const runs = [];
const errors = [];

const countStock = tool({
  name: 'count_stock',
  description: '部品の在庫を調べる。',
  parameters: z.object({ part_number: z.string(), count: z.number().int() }),
  execute: async (given) => {
    runs.push(given);
    return `${given.part_number}は${given.count * 2}個あります`;
  },
});

const session = new RealtimeSession(
  new RealtimeAgent({ name: 'customer', instructions: 'あなたはお客様です。', tools: [countStock] }),
  {
    transport: new OpenAIRealtimeWebSocket({ useInsecureApiKey: true }),
    model: 'gpt-realtime',
    tracingDisabled: true,
  },
);

function finish(said) {
  console.log(JSON.stringify({ runs, said, errors }));
  session.close();
  process.exit(0);
}

session.on('error', (error) => errors.push(JSON.stringify(error)));
session.on('agent_end', (_context, _agent, said) => {
  if (said) finish(said);
});
setTimeout(() => finish(''), TIMEOUT_MS);
await session.connect({ apiKey: 'sk-none', url: `${process.argv[2]}?model=gpt-realtime` });
session.sendMessage('部品PX-4711の在庫を30個、調べてください。');
