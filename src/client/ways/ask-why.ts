import {
  cutReason,
  decodeCloseText,
  decodeCut,
  decodeGoAway,
  formatCutPath,
  notCutCode,
} from '../../tunnel/cut.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import type { CutAnswer } from './aftermath.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'

/** Fetches one path of the gateway. */
export type FetchPath = (path: string) => Promise<HttpAnswer>

/** Asks a gateway about the tunnel `id`. Rejects as `fetchPath` does. */
export async function askWhy(id: string, fetchPath: FetchPath): Promise<CutAnswer> {
  const path = formatCutPath(id)
  if (path === undefined) return undefined
  const { status, body } = await fetchPath(path)
  if (status === 200) return decodeCut(body, id)
  return decodeRefusal(body)?.code === notCutCode ? 'not-cut' : undefined
}

/** What the last GOAWAY of a gateway says about the tunnel `id`: it cannot be asked any more. */
export function readGoAway(data: Uint8Array, id: string): CutAnswer {
  const code = decodeGoAway(data)
  return code && cutReason(code, id)
}

/**
 * What the close of the WebSocket of tunnel `id` says, and what the gateway adds when asked: a close has no
 * room for a policy's reasons.
 */
export async function askAfterClose(
  words: Uint8Array | undefined,
  id: string,
  fetchPath: FetchPath,
): Promise<CutAnswer> {
  const said = words && decodeCloseText(words)
  // Who leaves takes no further connection.
  if (said?.code === 'shutdown') return said
  try {
    const answer = await askWhy(id, fetchPath)
    return said !== undefined && typeof answer !== 'object' ? said : answer
  } catch (error) {
    if (said === undefined) throw error
    return said
  }
}
