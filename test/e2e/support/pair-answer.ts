import { z } from "zod";
import { get } from "./request.ts";

const said = z.object({ variant: z.string(), generation: z.string(), pid: z.number() });
const pairAnswer = z.object({ ...said.shape, back: said });

/** What `front` answers: who it is, and what `back` said. Throws where a body is anything else. */
export function readAnswer(body: string): z.infer<typeof pairAnswer> {
  return pairAnswer.parse(JSON.parse(body));
}

export type Speaker = Readonly<z.infer<typeof said>>;

/** Asks the pair once with this pin, and gives what the pinned service says of itself. */
export async function askPinned(edge: string, service: string, key: string): Promise<Speaker> {
  const headers = { "x-service-route": `${service}:${key}` };
  const answer = await get({ edge, host: "front.localhost", headers });
  if (answer.status !== 200) throw new Error(`${service}:${key}: ${answer.status} ${answer.body}`);
  const front = readAnswer(answer.body);
  return service === "front" ? front : front.back;
}
