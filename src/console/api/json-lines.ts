import { escapeJson } from '../../terminal-text.ts'
import { streamAnswer } from './stream-answer.ts'

/** A list as JSON lines, made as its reader takes it. */
export function jsonLinesAnswer(
  name: string,
  items: AsyncIterable<object> | Iterable<object>,
): Promise<Response> {
  return streamAnswer(linesOf(items), {
    'content-type': 'application/jsonl',
    'content-disposition': `attachment; filename="${name}.jsonl"`,
  })
}

async function* linesOf(
  items: AsyncIterable<object> | Iterable<object>,
): AsyncGenerator<string, void, undefined> {
  for await (const item of items) yield `${escapeJson(JSON.stringify(item))}\n`
}
