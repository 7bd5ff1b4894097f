import type { UpstreamWay } from '../routes/upstream-way.ts'
import { connector } from './connector.ts'
import { direct } from './direct.ts'
import { nextGateway } from './next-gateway.ts'
import type { AttemptsOf } from './way.ts'

type Ways = {
  readonly [Kind in UpstreamWay['kind']]: AttemptsOf<Extract<UpstreamWay, { readonly kind: Kind }>>
}

/** Every kind of way. */
const ways: Ways = {
  direct,
  'next-gateway': nextGateway,
  connector,
}

/** What to try for a tunnel, whichever way its route leads. */
export const attemptsOf: AttemptsOf<UpstreamWay> = (way, grant, parts) =>
  // By its kind each gets its own: what TypeScript does not follow.
  (ways[way.kind] as AttemptsOf<UpstreamWay>)(way, grant, parts)
