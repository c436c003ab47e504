const times = Number(process.env['FUZZ_TIMES'] ?? 1)

/**
 * How a property is run: with one seed in `npm test`, so that it gives the same answer every time; with `FUZZ_TIMES=10`, ten
 * times as often and with a new seed, to look for what nobody has thought of.
 */
export const runs = (usual: number) => (times === 1 ? { seed: 20_260_501, numRuns: usual } : { numRuns: usual * times })

/** How often a race is run: a quarter of it in `npm test`, all of it with `FUZZ_TIMES=4`. */
export const rounds = (whole: number) => Math.ceil((whole / 4) * Math.min(times, 4))
