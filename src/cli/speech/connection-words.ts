import { type ConnectionEvent } from '../../client/serve/forward.ts'
import { CutError } from '../../client/ways/ended.ts'
import { countFailures } from './count-failures.ts'
import { describe, errorFields, type Voice } from './voice.ts'

/** Says what happens to connections; of one kind of failure, only the first few a minute, and then their number. */
export interface ConnectionWords {
  readonly report: (event: ConnectionEvent) => void
  /** Says what was counted and not said yet. */
  flush(): void
}

export function connectionWords(voice: Voice): ConnectionWords {
  const failures = countFailures(voice)

  function sayError(error: unknown, fields: { readonly peer: string }): void {
    // What the gateway does on purpose is no error of the program.
    const level = error instanceof CutError ? 'warn' : 'error'
    failures[level](describe(error), { ...fields, ...errorFields(error) })
  }

  return {
    report(event) {
      const { peer, authority } = event.connection
      const fields = { peer, destination: authority }
      if (event.kind === 'connected') voice.info(`connected ${peer}`, fields)
      if (event.kind === 'refused') {
        failures.warn(`refused ${peer}: ${event.why}`, { ...fields, code: 'other-user' })
      }
      if (event.kind === 'failed') sayError(event.error, fields)
      if (event.kind === 'given-up' && event.why === 'left') {
        voice.info(`${peer} left before its tunnel was open`, fields)
      }
      if (event.kind === 'ended' && event.error !== undefined) sayError(event.error, fields)
      else if (event.kind === 'ended') {
        const { bytesUp, bytesDown } = event.ended
        voice.info(`disconnected ${peer}`, { ...fields, bytesUp, bytesDown })
      }
    },
    flush: failures.flush,
  }
}
