import type { Clock } from '../../clock.ts'
import type { DaemonEvent } from '../wire/view.ts'

/** Time without news after which a line says that somebody is there, in milliseconds. */
const beatMs = 15_000
/**
 * What waits for a reader of the events, in bytes, besides the first line.
 *
 * @limit events that wait for a slow window or command: they are left out, and it is told everything anew
 */
const maxUnreadBytes = 1024 * 1024

/** Answers with events, a JSON document on each line, until the reader goes. */
export function streamEvents(
  follow: (listener: (event: DaemonEvent) => void) => Disposable,
  clock: Clock,
): Response {
  let following: Disposable | undefined
  let beat: Disposable | undefined
  let hasMissed = false

  function begin(controller: ReadableStreamDefaultController<Uint8Array>): void {
    following = follow((event) => {
      // One who does not read is told later, of what is then.
      if ((controller.desiredSize ?? 0) <= 0 && event.kind !== 'state') {
        hasMissed = true
        return
      }
      send(controller, event)
    })
  }

  function send(controller: ReadableStreamDefaultController<Uint8Array>, event: DaemonEvent): void {
    controller.enqueue(new TextEncoder().encode(`${JSON.stringify(event)}\n`))
    beat?.[Symbol.dispose]()
    beat = clock.schedule(beatMs, () => {
      if ((controller.desiredSize ?? 0) > 0) send(controller, { kind: 'beat' })
    })
  }

  function end(): void {
    following?.[Symbol.dispose]()
    beat?.[Symbol.dispose]()
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start: begin,
      pull(controller) {
        if (!hasMissed) return
        hasMissed = false
        following?.[Symbol.dispose]()
        begin(controller)
      },
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxUnreadBytes }),
  )
  return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } })
}
