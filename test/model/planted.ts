import type { EditedSource } from '../planting/edit-source.ts'

/** Those that sequences find, each by what it does. */
export const plantedBugs = {
  'only the first batch is decided again': {
    file: 'access/live-tunnels.ts',
    edits: [
      {
        right: 'start < touched.length; start += tunnelsPerTurn',
        wrong: 'start < Math.min(touched.length, tunnelsPerTurn); start += tunnelsPerTurn',
      },
    ],
  },
  'the time is ignored until which a decision holds': {
    file: 'access/live-tunnels.ts',
    edits: [
      {
        right: 'if (validUntilMs !== undefined) {',
        wrong: 'if (validUntilMs === null) {',
      },
    ],
  },
  'the old route table is used after a reload': {
    file: 'gateway/assemble.ts',
    edits: [
      {
        right: 'takeRoutes(catalog.useFile(next))',
        wrong: 'setImmediate(() => takeRoutes(catalog.useFile(next)))',
      },
    ],
  },
  'somebody who was deactivated may go on': {
    file: 'scim/provisioned.ts',
    edits: [
      {
        right: 'users.has(id) && !isIn(id)',
        wrong: 'users.get(id)?.record.isDeleted === true',
      },
    ],
  },
  'an address counts that nobody has verified': {
    file: 'policy/criteria/email.ts',
    edits: [
      {
        right: "if (subject.emailVerified || subject.kind === 'service-account') {",
        wrong: 'if (subject.userId !== undefined) {',
      },
    ],
  },
  'an outage of the provider ends sessions': {
    file: 'identity/refresh.ts',
    edits: [
      {
        right: "return code === 'grant-refused' || (",
        wrong: "return code !== 'token-refused' || (",
      },
    ],
  },
  'a session with a tunnel is one like the others when there are too many': {
    file: 'identity/session-use.ts',
    edits: [
      { right: 'return hasTunnel(id) ? clock.now() : Math.max(', wrong: 'return Math.max(' },
      { right: 'hasTunnel(session.id) ? never : lastUsedAtMs', wrong: 'lastUsedAtMs' },
    ],
  },
  'an idle limit that changes is that of later tunnels alone': {
    file: 'access/live-tunnels.ts',
    edits: [{ right: 'entry.idle.change(route.idleTimeoutMs)', wrong: 'void route.idleTimeoutMs' }],
  },
} as const satisfies Readonly<Record<string, EditedSource>>

const add = `add: (grant, destination) =>
      grants.withFresh(grant, (fresh) => open(fresh, grant.route, destination)),`

/** Those that only an order finds in which things happen at one time. */
export const plantedRaces = {
  'the version check is skipped when a tunnel is added': {
    file: 'access/live-tunnels.ts',
    edits: [
      {
        right: add,
        wrong: 'add: async (grant, destination) => open(grant, grant.route, destination),',
      },
    ],
  },
  'tunnels that are added while others are decided again are forgotten': {
    file: 'access/live-tunnels.ts',
    edits: [
      { right: 'let isLeaving = false', wrong: 'let isLeaving = false, redeciding = 0' },
      {
        right: add,
        wrong: `add: async (grant, destination) =>
          redeciding > 0
            ? open(grant, grant.route, destination)
            : grants.withFresh(grant, (fresh) => open(fresh, grant.route, destination)),`,
      },
      {
        right:
          "async function redecide(filter: Parameters<LiveTunnels['redecide']>[0]): Promise<void> {",
        wrong: `async function redecide(filter: Parameters<LiveTunnels['redecide']>[0]): Promise<void> {
          redeciding += 1
          using over = { [Symbol.dispose]: () => void (redeciding -= 1) }`,
      },
    ],
  },
  'what a decision was made again by is not looked at again': {
    file: 'access/fresh-grant.ts',
    edits: [
      {
        right: 'decisions = 0; !isFresh(current); decisions += 1',
        wrong: 'decisions = 0; decisions < 1 && !isFresh(current); decisions += 1',
      },
    ],
  },
  'the version of a session is taken after it is read': {
    file: 'identity/mirror.ts',
    edits: [
      {
        right: 'return row === undefined ? undefined : { row, version }',
        wrong: 'return row === undefined ? undefined : { row, version: entry.version }',
      },
    ],
  },
  'a tunnel is registered a turn after it was decided about': {
    file: 'access/live-tunnels.ts',
    edits: [
      { right: 'register.add(entry)', wrong: 'void nextTurn().then(() => register.add(entry))' },
    ],
  },
  'the end of a session waits for whoever reads it': {
    file: 'access/live-tunnels.ts',
    edits: [{ right: 'decideAgain(entry, nobody)', wrong: 'recheck(entry, nobody)' }],
  },
} as const satisfies Readonly<Record<string, EditedSource>>

export const allPlanted: Readonly<Record<string, EditedSource>> = {
  ...plantedBugs,
  ...plantedRaces,
}
