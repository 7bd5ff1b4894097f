import { join } from 'node:path'
import { parseHost } from '../../address.ts'
import { ConfigError, SystemError, formatProblem, type Problem } from '../../errors.ts'
import { loadIngress } from '../../connector/config/load-config.ts'
import { firstRule, type IngressRule } from '../../connector/ingress/rules.ts'
import { homeDirectory } from '../../home-directory.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, noteText, printJson, printLine } from '../speech/print.ts'
import { defaultConfig } from './default-config.ts'

export interface IngressOptions {
  readonly config?: string
  readonly json?: boolean
}

/** Checks the rules of a file; resolves to the exit code. */
export async function validateIngress(options: IngressOptions): Promise<number> {
  const path = pathOf(options)
  const { problems, warnings, rules } = await read(path)
  if (options.json === true) printJson({ valid: problems.length === 0, problems, warnings })
  else {
    for (const warning of warnings) noteText(`warning: ${formatProblem(warning)}\n`)
    for (const problem of problems) noteText(`${formatProblem(problem)}\n`)
    const served = rules.filter(({ service }) => service !== undefined)
    note(
      problems.length === 0
        ? `"${path}" is valid: ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`
        : `"${path}": ${served.length} of ${rules.length} rules can be served`,
    )
  }
  return problems.length === 0 ? exitCodes.ok : exitCodes.usage
}

interface Read {
  readonly rules: readonly IngressRule[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What leaves nothing to serve is a problem as every other. */
async function read(path: string): Promise<Read> {
  try {
    return await loadIngress(path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { rules: [], problems: error.problems, warnings: [] }
  }
}

/** Says which rule is for a name; resolves to the exit code. */
export async function showRule(name: string, options: IngressOptions): Promise<number> {
  const hostname = hostnameOf(name)
  const { rules } = await loadIngress(pathOf(options))
  const rule = firstRule(rules, hostname)
  const index = rule === undefined ? undefined : rules.indexOf(rule)
  const pattern = rule?.hostname ?? '(every name)'
  if (options.json === true) {
    printJson({ hostname, rule: index, pattern: rule?.hostname, service: rule?.text })
  } else if (rule === undefined) {
    note(`no rule is for "${hostname}"`)
  } else {
    printLine(`rule ${index}: ${pattern} leads to ${rule.text}`)
    if (rule.service === undefined)
      note('it is not served: "postern tunnel ingress validate" says why')
  }
  return rule === undefined ? exitCodes.usage : exitCodes.ok
}

/** cloudflared takes a URL; here what counts of it is its host. */
function hostnameOf(text: string): string {
  const [, authority = text] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text) ?? []
  const host = parseHost(authority.replace(/:\d+$/, ''))
  if (host !== undefined) return host
  throw new SystemError('invalid-hostname', `"${text}" is not a host name`, {
    hint: 'write a name such as ssh.example.com, or a URL with it',
  })
}

function pathOf({ config }: IngressOptions): string {
  const home = homeDirectory()
  const path = config ?? defaultConfig(home === undefined ? undefined : join(home, '.postern'))
  if (path !== undefined) return path
  throw new SystemError(
    'no-config',
    'no configuration file is named, and none is in ~/.postern or /etc/postern',
    {
      hint: 'name it with "--config config.yml"',
    },
  )
}
