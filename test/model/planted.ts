/** A bug that is put into a source while it is loaded, to see whether the model finds it. */
export interface PlantedBug {
  /** Below `src`. */
  readonly file: string
  /** Stands there once. */
  readonly right: string
  readonly wrong: string
}

/** Each by what it does. */
export const plantedBugs = {
  'only the first batch is decided again': {
    file: 'access/live-tunnels.ts',
    right: 'start < touched.length; start += tunnelsPerTurn',
    wrong: 'start < Math.min(touched.length, tunnelsPerTurn); start += tunnelsPerTurn',
  },
  'the time is ignored until which a decision holds': {
    file: 'access/live-tunnels.ts',
    right: 'if (validUntilMs !== undefined) {',
    wrong: 'if (validUntilMs === null) {',
  },
  'the old route table is used after a reload': {
    file: 'gateway/assemble.ts',
    right: 'takeRoutes(catalog.useFile(next))',
    wrong: 'setImmediate(() => takeRoutes(catalog.useFile(next)))',
  },
} as const satisfies Readonly<Record<string, PlantedBug>>

export type BugName = keyof typeof plantedBugs

export function isBugName(name: string): name is BugName {
  return Object.hasOwn(plantedBugs, name)
}
