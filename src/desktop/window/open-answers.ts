import type { ServerResponse } from 'node:http'
import { Refusal } from './refusal.ts'

/** @limit streams of events that one browser has open: another one is answered by 429 */
const maxStreams = 8

/** The answers that browsers are being given, so that nothing goes on for one that was put out. */
export interface OpenAnswers {
  /** @throws Refusal where a browser has too many streams */
  begin(id: string, answer: ServerResponse, isStream: boolean): void
  /** Cuts all of a browser's. */
  end(id: string): void
}

export function createOpenAnswers(): OpenAnswers {
  const open = new Map<ServerResponse, { readonly id: string; readonly isStream: boolean }>()
  return {
    begin(id, answer, isStream) {
      const streams = [...open.values()].filter((one) => one.id === id && one.isStream)
      if (isStream && streams.length >= maxStreams) throw tooManyStreams
      open.set(answer, { id, isStream })
      answer.once('close', () => open.delete(answer))
    },
    end(id) {
      for (const [answer, one] of open) if (one.id === id) answer.destroy()
    },
  }
}

const tooManyStreams = new Refusal(
  429,
  'too-many-windows',
  'too many windows are open in this browser',
  'close some of them',
)
