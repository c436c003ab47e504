import { untilStopped } from './kit/until-stopped.ts'
import { simulate } from './simulate/command.ts'
import { readOptions, usage } from './simulate/options.ts'

await untilStopped(async (signal) => {
  const options = readOptions(process.argv.slice(2))
  if (options !== 'help') return simulate(options, signal)
  console.log(usage)
  return true
})
