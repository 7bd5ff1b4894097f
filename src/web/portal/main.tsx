import { showPage } from '../ui/page.tsx'
import { Portal } from './portal.tsx'

showPage(<Portal />)
