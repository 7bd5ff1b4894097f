import { Command, Option } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { ImportOptions } from './import-run.ts'

const description = `Turn the JSON that Cloudflare's API answers about Access applications and their policies into the "access" of a gateway's configuration, on stdout. Nothing is asked of Cloudflare, and nothing is changed.

What has no equal here (a country, the posture of a device, …) is listed with application, policy and path. It stays in what is written, which does not load until somebody has decided about it: no policy becomes looser than it was.`

const examples = `
Examples:
  # a list of applications, as GET /accounts/ID/access/apps answers it
  postern tunnel import --from cloudflare apps.json > access.yaml

  # with reusable policies and rule groups, each the answer to its own list
  jq -n '{applications: $a[0], policies: $p[0], groups: $g[0]}' \\
    --slurpfile a apps.json --slurpfile p policies.json \\
    --slurpfile g groups.json > all.json
  postern tunnel import --from cloudflare all.json --out access.yaml

Exit codes:
${exitCodeLines(['ok', 'usage', 'system'])}
  It is 2 also where something was left over: what is written does not load then, or lacks it.
`

/** Defines `postern tunnel import`. */
export function defineImport(exitWith: ExitWith): Command {
  return new Command('import')
    .summary("turn Cloudflare's applications and policies into a gateway's")
    .description(description)
    .argument('<file>', 'the JSON of the API')
    .addOption(
      new Option('--from <system>', 'whose they are').choices(['cloudflare']).makeOptionMandatory(),
    )
    .option('--out <file>', 'write there instead; a file that exists is not replaced')
    .addHelpText('after', examples)
    .action(async (file: string, options: ImportOptions) => {
      const { runImport } = await import('./import-run.ts')
      exitWith(await runImport(file, options))
    })
}
