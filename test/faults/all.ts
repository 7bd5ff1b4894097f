import type { Fault } from './fault.ts'
import { certificateReplaced } from './faults/certificate-replaced.ts'
import { clientKilled } from './faults/client-killed.ts'
import { clientStoppedForLong } from './faults/client-stopped-for-long.ts'
import { clientStopped } from './faults/client-stopped.ts'
import { clockJumped } from './faults/clock-jumped.ts'
import { clientCutOff, connectorCutOff } from './faults/cut-off.ts'
import { connectorKilled } from './faults/connector-killed.ts'
import { descriptorsExhausted } from './faults/descriptors-exhausted.ts'
import { diskFull } from './faults/disk-full.ts'
import { gatewayKilled } from './faults/gateway-killed.ts'
import { gatewayReloaded } from './faults/gateway-reloaded.ts'
import { gatewayStopped } from './faults/gateway-stopped.ts'
import { logStalled } from './faults/log-stalled.ts'
import { memoryShort } from './faults/memory-short.ts'
import { nameServerChanged, nameServerLying, nameServerSlow } from './faults/name-server.ts'
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
  clientStoppedForLong,
  clientCutOff,
  connectorKilled,
  connectorCutOff,
  gatewayKilled,
  gatewayStopped,
  gatewayReloaded,
  certificateReplaced,
  providerDown,
  storeLocked,
  storeSlow,
  diskFull,
  clockJumped,
  descriptorsExhausted,
  memoryShort,
  logStalled,
  nameServerChanged,
  nameServerSlow,
  nameServerLying,
]
