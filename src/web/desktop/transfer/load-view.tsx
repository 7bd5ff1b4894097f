import { Paper } from '@mantine/core'
import type { ReactNode } from 'react'
import { PageHead } from '../../ui/page-head.tsx'
import { words } from '../words.ts'
import { GatewayLoad } from './gateway-load.tsx'
import './transfer.css'

/** A gateway's routes become connections. */
export default function LoadView(): ReactNode {
  return (
    <div className="narrow">
      <PageHead title={words.load.title} lead={words.load.lead} />
      <Paper className="card" p="lg">
        <GatewayLoad />
      </Paper>
    </div>
  )
}
