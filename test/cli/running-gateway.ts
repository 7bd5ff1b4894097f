import type { SessionSummary, TunnelSummary } from '../../src/control/protocol.ts'

/** Long ago: how far away a moment is takes as much room for centuries. */
const longAgo = '1970-01-02T03:04:05Z'

const tunnel: TunnelSummary = {
  id: '4bf92f35-77b3-4da6-a3ce-929d0e0e4736',
  route: 'orders-db',
  route_id: 'r-orders',
  namespace: null,
  target: 'orders.corp.example.com:5432',
  user: 'u-ada',
  email: 'ada@example.com',
  session_id: 's-7d9f',
  service_account_id: null,
  ip: '192.0.2.7',
  connector: null,
  upstream: '10.0.0.5:5432',
  opened_at: longAgo,
  bytes_up: 1_536,
  bytes_down: 125_829_120,
}

const byConnector: TunnelSummary = {
  ...tunnel,
  id: '00f067aa-0ba9-42b7-8c1f-8448eb211c80',
  route: 'lab-ssh',
  route_id: 'r-lab',
  user: null,
  email: null,
  session_id: null,
  service_account_id: 'nightly-backup',
  ip: '2001:db8::9',
  connector: { id: 'c-1', tunnel: 'lab' },
  upstream: null,
  bytes_up: 0,
  bytes_down: 0,
}

const session: SessionSummary = {
  id: 's-7d9f',
  user: 'u-ada',
  email: 'ada@example.com',
  name: 'Ada',
  provider: 'default',
  groups: ['dba'],
  issued_at: longAgo,
  expires_at: longAgo,
  device: null,
  kind: 'command-line',
  ip: '192.0.2.7',
  last_used_at: longAgo,
  tunnels: 1,
}

/** What a running gateway answers on its control socket, by path. */
export const runningGateway: Readonly<Record<string, object>> = {
  '/sessions': {
    sessions: [
      session,
      { ...session, id: 's-1', kind: 'device', device: 'build-7', ip: '2001:db8::9', tunnels: 0 },
      { ...session, id: 's-0', kind: null, ip: null, tunnels: 0 },
    ],
  },
  '/admin/tunnels': {
    items: [tunnel, byConnector, { ...byConnector, id: 'odd', service_account_id: 'orders-db' }],
  },
  '/admin/tunnels/cut': { cut: [tunnel.id, byConnector.id] },
}
