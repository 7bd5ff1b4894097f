import type { DirectWay } from '../routes/upstream-way.ts'
import { attemptsAt, dialUpstream } from './dialled.ts'
import type { AttemptsOf } from './way.ts'

/** Dials the service itself. */
export const direct: AttemptsOf<DirectWay> = (way, grant, parts) =>
  attemptsAt(way, parts, (upstream, signal) => dialUpstream(upstream, way, grant, parts, signal))
