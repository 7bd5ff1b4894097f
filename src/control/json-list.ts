import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { systemCode } from '../errors.ts'

/** What is written to a reader at a time, in UTF-16 code units. */
const pieceLength = 64 * 1024

/** A list that is the only member of a JSON object, by its name. */
export interface JsonList {
  readonly name: string
  readonly items: AsyncIterable<object>
}

/**
 * Answers `{"NAME":[ITEM,…]}`, made as its reader takes it: the list is never held as one text. What fails
 * before the first piece is thrown, and nothing is written; what fails after it breaks the answer off and
 * goes to `onBroken`. A reader that leaves is no failure.
 */
export async function writeJsonList(
  response: ServerResponse,
  { name, items }: JsonList,
  onBroken: (error: unknown) => void,
): Promise<void> {
  const pieces = jsonPieces(name, items)
  const first = await pieces.next()
  try {
    response.writeHead(200, { 'content-type': 'application/json' })
    if (first.done !== true) response.write(first.value)
    await pipeline(pieces, response)
  } catch (error) {
    if (systemCode(error) !== 'ERR_STREAM_PREMATURE_CLOSE') onBroken(error)
  } finally {
    await pieces.return()
  }
}

async function* jsonPieces(
  name: string,
  items: AsyncIterable<object>,
): AsyncGenerator<string, void, undefined> {
  let piece = `{${JSON.stringify(name)}:[`
  let separator = ''
  for await (const item of items) {
    piece += separator + JSON.stringify(item)
    separator = ','
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  yield `${piece}]}`
}
