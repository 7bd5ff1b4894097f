import type { Follower } from '../follower.ts'
import { followMysql } from '../mysql/mysql.ts'
import { followPostgres } from '../postgres/postgres.ts'
import type { ToldProtocol } from '../protocols.ts'
import { followRedis } from '../redis/redis.ts'

/** Begins to follow a tunnel, of which no byte has been carried yet. */
export const follow: Readonly<Record<ToldProtocol, () => Follower>> = {
  postgres: followPostgres,
  mysql: followMysql,
  redis: followRedis,
}
