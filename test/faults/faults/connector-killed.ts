import { untouched, type Fault } from '../fault.ts'

export const connectorKilled: Fault = {
  name: 'connector-killed',
  done: 'the connector is killed (SIGKILL), and another one started',
  holds: 'clients are told; only transfers through the connector notice',
  isShort: true,
  // The kernel of the connector's machine ends its connection to the service as it likes.
  terms: (way) => (way === 'connector' ? { expected: 'reported', excused: ['up'] } : untouched()),
  async run({ stage }) {
    const killed = stage.connector()
    killed.signal('SIGKILL')
    await killed.ended
    await stage.startConnector()
    return { connectors: 1 }
  },
}
