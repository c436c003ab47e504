import type { Terms } from './text-lexicon.ts'

/** Words of English. A level says how sure a word alone makes: `low` for what is also said kindly, of oneself or of something else. */
export const englishTerms: readonly Terms[] = [
  {
    label: 'profanity',
    level: 'high',
    words: 'cunt+ *motherfuck* *muthafuck* *mothafuck* *cocksuck*',
  },
  {
    label: 'profanity',
    level: 'medium',
    words: `*fuck* *phuck* *fukk* fukin fuking fuker fukers fck fcked fcker fcking fkn fking fuc fucc effin
      mofo mofos mothafucka muthafucka shit+ shite sht shitt shitty shittiest shithead+ shitface+ shitbag+ shithole+ shitshow shitlord+ shitload+
      *bullshit* horseshit batshit dipshit+ apeshit chickenshit shitstorm+ dogshit ratshit bitch+ bitchass *bitches btch biatch beotch
      asshole+ assholes azzhole arsehole+ asshat+ asswipe+ assclown+ assface+ dumbass+ fatass+ jackass+ lardass+ dickhead+ dickwad+ dickweed+
      dickface+ dickbag+ shitass prickface twat+ twats wanker+ wankers bellend+ douchebag+ cumbucket+ scumbag+ sonofabitch slutty
       whore+ whores whoring skank+ skanky fucktard+ cockhead+ knobhead+ pisshead+ nutsack ballsack asslick+ buttmunch asskiss+`,
  },
  {
    label: 'profanity',
    level: 'low',
    words: `cuck cucks slut sluts bastard bastards thot thots ass asses arse arses badass smartass piss pissed pissing pissoff crap crappy crapping damn damned dammit damnit goddamn goddamnit
      bollocks bugger buggers prick pricks tosser tossers wank wanking wanked dicks douche douches turd turds stfu gtfo wtf bitchin fugly milf`,
  },
  {
    label: 'slur',
    level: 'high',
    words: `*nigger* abeed africoon+ nigga+ niggas niggah niggaz nigguh niglet+ sandnigger+ *faggot* faggy kike+ kikes gook+ gooks wetback+ raghead+ towelhead+
      sandmonkey+ spics spick spicks chink chinks chinky tranny trannies trannys shemale+ paki pakis jigaboo+ jiggaboo+ beaner beaners
      coonass porchmonkey+ zipperhead+ junglebunny cameljockey+ mudslime+ muzzrat+ kaffir kaffirs untermensch gyppo+ pikey pikeys wogs halfbreed halfbreeds spearchucker+ gypped `,
  },
  {
    label: 'slur',
    level: 'medium',
    words: 'retarded libtard+ feminazi+ fags coons fucktard+ dykes lezzie lezzies',
  },
  {
    label: 'slur',
    level: 'low',
    words:
      'spic wog retards negroid fag fagot dyke coon lesbo subhumans retard queers spastic spaz spazz midget midgets ',
  },
  {
    label: 'sexual',
    level: 'high',
    words:
      'blowjob+ blowjobs handjob+ handjobs rimjob+ rimjobs footjob+ cumshot+ cumshots gangbang+ deepthroat+ facefuck+ titfuck+ assfuck+ buttfuck+ fingerfuck+ creampies childporn kiddieporn',
  },
  {
    label: 'sexual',
    level: 'medium',
    words: `bestiality doggystyle felch+ fingerbang+ fisting lubejob+ porn porno pornos pornhub pornstar+ pornstars xvideos xnxx xhamster redtube hentai dildo+ dildos dildoes masturbat* orgy orgies
      tits titties tittys titty pussy pussies nudes horny hornier cumslut+ jizz jizzed threesome+ threesomes bukkake cunnilingus fellatio
      strapon fleshlight camgirl+ camgirls boner boners sexting dickpic dickpics upskirt milfs dilf jailbait cocks buttplug+`,
  },
  {
    label: 'sexual',
    level: 'low',
    words:
      'hooker hookers nude naked bdsm boobs boobies boob penis vagina clits clitoris orgasm orgasms ejaculat* nsfw fetish kinky sexy onlyfans incest anal',
  },
  { label: 'harassment', level: 'medium', words: 'kys' },
  { label: 'harassment', level: 'high', words: 'kysnow killyourself killurself' },
  { label: 'violence', level: 'low', words: 'rape raped raping rapist rapists' },
  { label: 'self_harm', level: 'medium', words: 'suicidal unalive unaliving' },
  { label: 'self_harm', level: 'low', words: 'suicide suicides selfharm selfharming' },
  {
    label: null,
    level: 'low',
    words:
      '*snigger* *scunthorpe* *cockburn* *penistone* *niggard* *clitheroe* *shitake* *shittah* *lightwater* *tegenligger* negeer negeert annal annals annali assess cassino bonner booner booners putto puttee puttees putte mulle flicken tilts kyss fagott fodder tatties skänk skänker skänka äss föda thốt thớt thọt thót thợt crăp *matsushita* *takeshita* *mishit* *pushit*',
    phrases: [
      'kaffir lime(s)?',
      'chink(s)? in (the|his|her|their|my|our|your) armo(u)?r',
      'chink(s)? of light',
      '(spic|spick) (and|n) span',
      'maine coon(s)?',
      'coon (cat|cats|rapids)',
      'van dyke',
      'pussy (cat|cats|willow|willows|riot|galore|in boots)',
      'puss in boots',
      '(great|blue|coal|long tailed) tits',
      'ass(es)? (and|or) (mule|mules|donkey|donkeys|ox|oxen)',
      '(wild|an) ass(es)? milk',
      'anal fissure(s)?',
      'nude (lipstick|shade|heels|palette)',
      'naked (eye|mole rat|mole rats|truth)',
      'queer eye',
      '(suicide|suicidal) (prevention|hotline|helpline|squad|awareness|bomber|bombers|bombing|lifeline|watch)',
      '(flame|growth|fire) retard(s)?',
      '(en|de|du|un|le|mon|ton|son) retard',
      'prick(s)? (of|up)',
      '(do not|don t|dont|never|please do not|please don t|not going to|would never|won t|wont) (kill|hurt|harm) (yourself|myself|you|him|her|them)',
    ],
  },
]
