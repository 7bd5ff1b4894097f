import { ConfigError, type Problem } from '../errors.ts'
import { isOwnMachine } from '../net/own-machine.ts'
import { parseTo } from '../routes/to.ts'
import { show } from '../schema.ts'
import type { PlannedWrite } from './catalog.ts'
import { definitionIn, type Definition } from './document-form.ts'

/**
 * For who administers some namespaces only: their routes lead to services, and not to the machine of the gateway, where
 * programs trust whoever is on it, nor to what hands out its credentials. One that has it from somebody else can still
 * be disabled, tagged and deleted.
 *
 * @throws ConfigError
 */
export function refuseOwnMachine(planned: readonly PlannedWrite[]): void {
  const problems = planned.flatMap(({ kind, id, form, isJudged, locate }) => {
    if (kind !== 'route' || form === undefined || !isJudged) return []
    return pathsOf(definitionIn(form)).map(([path, message]): Problem => {
      const fault = { path, message, hint, at: 'value' } as const
      return locate?.(fault) ?? { source: `route ${show(id)}`, path: path.join('.'), message, hint }
    })
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

const hint = 'ask an administrator of the whole gateway'

/** What is no text, or no address, is a fault of its own. */
function pathsOf(definition: Definition): readonly (readonly [readonly string[], string])[] {
  const { to, allow_metadata_address: allowed = false } = definition
  const listed: readonly unknown[] = Array.isArray(to) ? to : [to]
  const isOwn = listed.some((it) => {
    const parsed = typeof it === 'string' ? parseTo(it) : undefined
    return parsed !== undefined && 'host' in parsed && isOwnMachine(parsed.host)
  })
  return [
    ...(isOwn ? [[['to'], 'leads to the machine of the gateway'] as const] : []),
    ...(allowed === false
      ? []
      : [[['allow_metadata_address'], 'is not for administrators of a namespace'] as const]),
  ]
}
