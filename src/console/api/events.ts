import { createAuthority } from '../../control/authority.ts'
import { createEventReaders } from '../events/readers.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const eventEndpoints: Endpoints = (parts) => {
  const { roleOf } = createAuthority(parts)
  const readers = createEventReaders({ ...parts, ...parts.followed, roleOf })
  return [
    endpoint({
      method: 'get',
      path: '/events',
      role: 'auditor',
      byNamespace: true,
      summary: 'Server-sent events: tunnels that open, move bytes and close, and lists that change',
      description:
        'The events `hello`, `tunnels`, `changed` and `missed`, at most once a second each, and `quiet` where there was none for 15 seconds. The stream ends with the session, and with its role.',
      otherTypes: ['text/event-stream'],
      faults: [429],
      serve: ({ by }) =>
        new Response(readers.open(by), {
          headers: {
            'content-type': 'text/event-stream',
            // Nothing on the way is to wait for its end.
            'x-accel-buffering': 'no',
          },
        }),
    }),
  ]
}
