import type { TestContext } from 'node:test'
import type { Logger } from '../log.ts'
import { parseYaml } from '../yaml-text.ts'
import { createConnectorMetrics } from './connector-metrics.ts'
import {
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from './fake-gateway.fixture.ts'
import { readIngress } from './ingress/read-ingress.ts'
import type { IngressRule } from './ingress/rules.ts'
import { startConnector, type Connector, type ConnectorOptions } from './start-connector.ts'

/** Keeps what was said, and lets a test wait for it. */
export interface CollectedLog extends Logger {
  readonly lines: string[]
  /** Resolves with the first line that matches, said already or not. */
  line(pattern: RegExp): Promise<string>
}

export function collectLog(): CollectedLog {
  const lines: string[] = []
  const waiting = new Set<{ readonly pattern: RegExp; readonly resolve: (line: string) => void }>()
  const say = (message: string): void => {
    lines.push(message)
    for (const wait of waiting) {
      if (!wait.pattern.test(message)) continue
      waiting.delete(wait)
      wait.resolve(message)
    }
  }
  return {
    debug: () => undefined,
    info: say,
    warn: say,
    error: say,
    lines,
    line(pattern) {
      const said = lines.find((line) => pattern.test(line))
      if (said !== undefined) return Promise.resolve(said)
      return new Promise((resolve) => waiting.add({ pattern, resolve }))
    },
  }
}

export function rulesOf(yaml: string): readonly IngressRule[] {
  return readIngress(parseYaml('config.yml', `ingress:\n${yaml}`)).rules
}

export interface Joined {
  readonly gateway: FakeGateway
  readonly connector: Connector
  readonly log: CollectedLog
  readonly metrics: ReturnType<typeof createConnectorMetrics>
}

/** A connector that joins a fake gateway; both end with the test. */
export async function join(
  t: TestContext,
  yaml: string,
  options: Partial<ConnectorOptions> & FakeGatewayOptions = {},
): Promise<Joined> {
  const gateway = await startFakeGateway(options)
  const log = collectLog()
  const metrics = createConnectorMetrics()
  const connector = await startConnector({
    credential: gateway.credential,
    dialer: gateway.dialer(),
    offer: { rules: rulesOf(yaml), hostnames: [] },
    metrics,
    log,
    ...options,
  })
  t.after(async () => {
    await connector.close(0)
    await gateway.close()
  })
  return { gateway, connector, log, metrics }
}

/** Chance that says when it is asked: a wait begins then. The first time is for the first address. */
export function countedChance(value: number) {
  let asked = 0
  const waiting = new Map<number, () => void>()
  return {
    random() {
      asked += 1
      waiting.get(asked - 1)?.()
      return value
    },
    /** Resolves once this many waits have begun. */
    waits(count: number): Promise<void> {
      return asked > count ? Promise.resolve() : new Promise((done) => waiting.set(count, done))
    },
  }
}
