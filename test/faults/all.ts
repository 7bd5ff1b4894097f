import type { Fault } from './fault.ts'
import { certificateReplaced } from './faults/certificate-replaced.ts'
import { clientKilled } from './faults/client-killed.ts'
import { clientStopped } from './faults/client-stopped.ts'
import { connectorKilled } from './faults/connector-killed.ts'
import { descriptorsExhausted } from './faults/descriptors-exhausted.ts'
import { gatewayKilled } from './faults/gateway-killed.ts'
import { gatewayReloaded } from './faults/gateway-reloaded.ts'
import { gatewayStopped } from './faults/gateway-stopped.ts'
import { logStalled } from './faults/log-stalled.ts'
import { providerDown } from './faults/provider-down.ts'
import { storeLocked, storeSlow } from './faults/store-locked.ts'
import { upstreamHalfClosed } from './faults/upstream-half-closed.ts'
import { upstreamKilled } from './faults/upstream-killed.ts'
import { upstreamReset } from './faults/upstream-reset.ts'
import { upstreamStalledForGood } from './faults/upstream-stalled-for-good.ts'
import { upstreamStalled } from './faults/upstream-stalled.ts'

/** Everything that is done to a gateway while transfers run, in the order of the table. */
export const allFaults: readonly Fault[] = [
  upstreamKilled,
  upstreamReset,
  upstreamHalfClosed,
  upstreamStalled,
  upstreamStalledForGood,
  clientKilled,
  clientStopped,
  connectorKilled,
  gatewayKilled,
  gatewayStopped,
  gatewayReloaded,
  certificateReplaced,
  providerDown,
  storeLocked,
  storeSlow,
  descriptorsExhausted,
  logStalled,
]
