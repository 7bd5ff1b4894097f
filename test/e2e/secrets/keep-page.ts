import type { Readable } from 'node:stream'
import { isText, maxPageBytes } from './messages.ts'

/** Sees what comes in without taking it from whoever reads it; nothing of what is no text. */
export function keepPage(
  answer: Readable,
  contentType: string | undefined,
  done: (text: string) => void,
): void {
  if (!isText(contentType)) return
  const chunks: Buffer[] = []
  let leftBytes = maxPageBytes
  const push = answer.push.bind(answer)
  answer.push = (chunk: Buffer | null, ...more) => {
    if (chunk === null) done(Buffer.concat(chunks).toString())
    else if (leftBytes > 0) chunks.push(chunk)
    leftBytes -= chunk?.length ?? 0
    return push(chunk, ...more)
  }
}
