import { Command } from 'commander'
import { exitCodeLines, type ExitWith } from '../process/exit-codes.ts'
import type { RouteOptions } from './asked-route.ts'
import type { SplitWords } from './run-run.ts'
import { withRouteOptions } from './route-options.ts'

const description = `Run a command that finds routes by its variables. Each ROUTE, its name or "host:port", gets a local address that is there until the command ends. Whoever has to sign in does so before, a route that is refused says why, and then nothing is run. The exit code is that of the command.

POSTERN_HOST, POSTERN_PORT and POSTERN_ADDRESS ("host:port") are the first route's. Each route has the same with its name, which is the route's, the first word of its host, or what is written before "=": POSTERN_DB_HOST for "db.corp.example.com:5432", POSTERN_REPLICA_HOST for "replica=db2.corp.example.com:5432". The first route of a service also has what the programs of that service read: PGHOST and PGPORT; MYSQL_HOST and MYSQL_TCP_PORT; REDIS_HOST, REDIS_PORT and REDIS_URL; MONGODB_URI; SQLCMDSERVER. PGHOSTADDR and PGSERVICE, which would lead elsewhere, are taken away from a command that gets PGHOST.`

const examples = `
Examples:
  # a dump
  postern run db.corp.example.com:5432 -- pg_dump --username ada shop

  # tests with a database and a cache
  postern run db.corp.example.com:5432 cache.corp.example.com:6379 -- npm test

  # anything that takes an address
  postern run wiki.corp.example.com:8080 -- sh -c 'curl "http://$POSTERN_ADDRESS/"'

  # in CI: no browser ever opens
  postern run --service-account-file ci.token db.corp.example.com:5432 -- ./migrate

Exit codes: those of the command, and where it is not started
${exitCodeLines(['usage', 'signIn', 'denied', 'noRoute', 'upstream', 'gateway', 'system'])}
`

/** Defines `postern run`. */
export function defineRun(exitWith: ExitWith): Command {
  const command = new Command('run')
    .description(description)
    .usage('[options] <route...> -- <command> [args...]')
    .argument(
      '<route...>',
      'such as "db.corp.example.com:5432" or "replica=db2.corp.example.com:5432"',
    )
  return withRouteOptions(command)
    .addHelpText('after', examples)
    .action(async (words: readonly string[], options: RouteOptions) => {
      const { runWithRoutes } = await import('./run-run.ts')
      exitWith(await runWithRoutes(splitAtDashes(words, command), options))
    })
}

/** Commander leaves the `--` out, and keeps the words as they came only in the program itself. */
function splitAtDashes(words: readonly string[], { parent }: Command): SplitWords {
  const raw: unknown = parent === null ? [] : Reflect.get(parent, 'rawArgs')
  const all: readonly unknown[] = Array.isArray(raw) ? raw : []
  const dashes = all.indexOf('--')
  const behind = dashes < 0 ? 0 : all.length - dashes - 1
  const count = words.length - behind
  return { routes: words.slice(0, count), command: words.slice(count) }
}
