/** What is made at a time, in UTF-16 code units: one piece of what a reader takes. */
const pieceLength = 16 * 1024

/**
 * A text as an answer, made as its reader takes it: however long it is, one piece of it waits. A reader that takes
 * nothing is ended by the port, as with every answer. What fails before the first piece is a fault, and no answer
 * that breaks off.
 */
export async function streamAnswer(
  lines: AsyncIterable<string>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const pieces = piecesOf(lines)
  let next: Promise<IteratorResult<string, void>> | undefined = Promise.resolve(await pieces.next())
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await (next ?? pieces.next())
        next = undefined
        if (done === true) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )
  // Nothing on the way is to wait for the whole of it.
  return new Response(body, { headers: { 'x-accel-buffering': 'no', ...headers } })
}

async function* piecesOf(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let piece = ''
  for await (const line of lines) {
    piece += line
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
