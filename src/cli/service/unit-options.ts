import { resolve } from 'node:path'
import type { ConfigValues } from '../../connector/config/config-keys.ts'
import type { ConnectorConfig, GivenSettings } from '../../connector/config/load-config.ts'
import { SystemError } from '../../errors.ts'
import { clientEnvironment } from '../process/environment.ts'
import { note } from '../speech/print.ts'
import { hasSecret } from '../tunnel/proxies.ts'
import { settingOf, type RunOptions } from '../tunnel/run-options.ts'
import { requireReadable } from './places.ts'

/** Settings that a unit hands on, however they were given: the service has not the environment of this shell. */
const handedOn: readonly (keyof ConfigValues)[] = [
  'url',
  'hostname',
  'metrics',
  'grace-period',
  'loglevel',
]

/** Where the options of a unit come from. */
export interface UnitOptionParts {
  readonly options: RunOptions
  readonly given: readonly GivenSettings[]
  readonly configPath: string | undefined
  readonly config: ConnectorConfig
}

/**
 * What `postern tunnel run` is given by a unit besides the token.
 *
 * @throws SystemError `secret-in-unit`, or `not-for-a-service` for a file that the service could not read
 */
export function unitOptions({
  options,
  given,
  configPath,
  config,
}: UnitOptionParts): readonly string[] {
  const { logFormat } = options
  const file = configPath === undefined ? undefined : resolve(configPath)
  if (file !== undefined) {
    requireReadable(
      file,
      'put it into /etc/postern; a token in it belongs into a file of its own, "--token-file FILE"',
    )
  }
  if (config.caFile !== undefined) requireReadable(config.caFile, 'put it into /etc/postern')
  const authorities = settingOf(given, 'cacert')
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['--config', file],
    ...handedOn.map((key) => [`--${key}`, settingOf(given, key)] as const),
    ['--cacert', authorities === undefined ? undefined : resolve(authorities)],
    ['--log-format', logFormat],
    ['--proxy', proxyOf(options)],
  ]
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
}

const inDropIn = 'set HTTPS_PROXY by "EnvironmentFile=" in a drop-in: "systemctl edit NAME"'

function proxyOf({ proxy }: RunOptions): string | undefined {
  if (proxy !== undefined && hasSecret(proxy)) {
    const message = 'the unit would show the password of the proxy'
    throw new SystemError('secret-in-unit', message, { hint: inDropIn })
  }
  const named = Object.keys(clientEnvironment().proxies).find((name) => !/^no_/i.test(name))
  if (proxy === undefined && named !== undefined) {
    note(`warning: ${named} of this shell is not handed to the service`)
    note(`  hint: give "--proxy URL", or ${inDropIn}`)
  }
  return proxy
}
