import { z } from "zod";

const said = z.object({ variant: z.string(), generation: z.string(), pid: z.number() });
const pairAnswer = z.object({ ...said.shape, back: said });

/** What `front` answers: who it is, and what `back` said. Throws where a body is anything else. */
export function readAnswer(body: string): z.infer<typeof pairAnswer> {
  return pairAnswer.parse(JSON.parse(body));
}
