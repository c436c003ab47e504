import type { Terms } from './text-lexicon.ts'

/**
 * Words of other languages: few, and such as mean nothing else in another language that is written alike. Writing systems that put nothing
 * between words are matched anywhere.
 */
export const languageTerms: readonly Terms[] = [
  // Spanish, Portuguese, Italian
  {
    label: 'profanity',
    level: 'medium',
    words: `gilipollas hijoputa hijodeputa hijueputa malparido malparida putamadre pendejo pendejos pendeja cabrón cabrones coño joder jódete chingar chingada chingado
      chingatumadre culero culeros mamaguevo mamahuevo pinche puta putas puto putos mierda carajo conchatumadre conchetumare huevón weón
      caralho porra foda fodase fodido arrombado arrombada cuzão buceta piroca filhodaputa merda cacete
      cazzo cazzi vaffanculo stronzo stronza stronzi minchia coglione coglioni puttana puttane troione figliodiputtana`,
  },
  {
    label: 'slur',
    level: 'high',
    words: 'maricón maricones sudaca sudacas viados frocio froci ricchione ricchioni terrone terroni sapatão',
  },
  // French, German, Dutch
  {
    label: 'profanity',
    level: 'medium',
    words: `putain connard connards connasse connasses enculé enculés enculer salope salopes merde merdeux foutre niquetamere niquer encule putes
      scheiße scheisse scheiss scheiß arschloch arschlöcher arsch fotze fotzen wichser hurensohn hurensöhne miststück schlampe schlampen ficken fickt verfickt missgeburt
      godverdomme klootzak klootzakken kankerhoer hoerenjong kutwijf neuken teringlijer`,
  },
  {
    label: 'slur',
    level: 'high',
    words:
      'bougnoule bougnoules bicot tarlouze youpin youpins nègre kanake kanaken schwuchtel schwuchteln judensau neger kankerjood untermenschen',
  },
  // Turkish, Polish, Romanian, Indonesian, Tagalog, Vietnamese, Hindi and Urdu in Latin letters
  {
    label: 'profanity',
    level: 'medium',
    words: `orospu orospuçocuğu siktir sikerim amına amcık yarrak piç götveren ibne kurwa kurwy kurwą skurwysyn chuj chuja jebać jebany pierdol* spierdalaj pizda
       futut kontol memek ngentot bangsat jancok putangina tangina tarantado địt lồn đụ cặc
      madarchod behenchod bhenchod bhosdike chutiya chutiye gandu bhosda gaand`,
  },
  // Russian, Ukrainian
  {
    label: 'profanity',
    level: 'medium',
    words: `блять бля блядь бляди блядина сука суки сучка хуй хуя хуи хуем хуево хуйня хуёвый нахуй похуй охуел охуеть пизда пизды пиздец пиздеть пиздюк распиздяй
      ебать ебал ебаный ебанутый ёбаный еблан заебал заебись выебать уебок уебище уёбок долбоеб долбоёб мудак мудаки мудила гандон гондон залупа шлюха шлюхи
      манда срать дерьмо говно говнюк мразь курва їбати йобаний підор`,
  },
  {
    label: 'slur',
    level: 'high',
    words:
      'пидор пидоры пидорас пидорасы пидарас пидарасы педик педики жид жиды жидовка чурка чурки хач хачи хохол хохлы черножопый черножопые чурбан нигер нигеры ниггер узкоглазый узкоглазые кацап кацапы москаль москалі',
  },
  {
    label: 'harassment',
    level: 'high',
    phrases: [
      'убей себя',
      'убейся',
      'сдохни',
      '(иди )?повесься',
      'выпились',
      'вбий себе',
      'suicídate',
      'm(a|á)tate',
      '(se )?mata te',
      'geh sterben',
      'bring dich um',
      'va te pendre',
      '(tue|suicide) toi',
      'ammazzati',
      'مت يا',
      'اقتل نفسك',
      'मर जा',
      'खुद को मार',
    ],
  },
  {
    label: 'self_harm',
    level: 'high',
    phrases: [
      'хочу умереть',
      'убить себя',
      'убью себя',
      'quiero morir(me)?',
      'me quiero (matar|morir)',
      'suicidarme',
      'quero morrer',
      'vou me matar',
      'ich will sterben',
      'mich umbringen',
      'je veux mourir',
      'me suicider',
      'voglio morire',
      'ammazzarmi',
      'اريد ان اموت',
      'سأنتحر',
      'मरना चाहता',
      'मरना चाहती',
      'आत्महत्या कर',
    ],
  },
  {
    label: 'violence',
    level: 'high',
    phrases: [
      '(я )?(тебя|вас) убью',
      'убью (тебя|вас)',
      'te voy a matar',
      'vou te matar',
      'ich bring(e)? dich um',
      'je vais te (tuer|buter)',
      'ti ammazzo',
      'سأقتلك',
      'ساقتلك',
      'جان से मार',
      'मार डालूंगा',
      'मार डालूँगा',
    ],
  },
  // Arabic, Persian, Urdu
  {
    label: 'profanity',
    level: 'medium',
    words: `كس كسمك كسامك كسختك شرموط شرموطة شراميط قحبة قحاب عرص متناك متناكة زبي طيزك منيوك منيوكة خرا احا جنده کیر کون کسکش جاکش کیری کونی جنده گایید مادرجنده حرومزاده
      مادرچود بہنچود گانڈو رنڈی چوتیا`,
  },
  { label: 'slur', level: 'high', words: 'لوطي لواط خول خولات زنجي زنوج سیاهسوخته هجڑا' },
  // Hebrew
  { label: 'profanity', level: 'medium', words: 'זונה זונות שרמוטה שרמוטות כוסאמק כוסאמא מניאק מזדיין מזדיינת' },
  { label: 'slur', level: 'high', words: 'כושי כושים ערבוש ערבושים קוקסינל אוחצ*' },
  // Hindi, Bengali, Tamil
  {
    label: 'profanity',
    level: 'medium',
    words:
      'मादरचोद बहनचोद भेनचोद चूतिया चुतिया भोसडीके भोसड़ीके गांडू गाँडू रंडी लौड़ा लंड चूत हरामी हरामजादा कुतिया খানকি মাগি চুদি চোদ* বোকাচোদা খানকির தேவடியா ஓத்தா புண்டை சுன்னி',
  },
  { label: 'slur', level: 'high', words: 'कटुआ कटुए भंगी चमार हिजड़ा কাটুয়া মালাউন' },
  // Chinese, simplified and traditional
  {
    label: 'profanity',
    level: 'medium',
    words:
      '*操你* *草泥马* *肏* *傻逼* *傻屄* *煞笔* *他妈的* *他媽的* *狗日的* *王八蛋* *婊子* *贱人* *賤人* *鸡巴* *雞巴* *屌你* *幹你娘* *干你娘* *滚蛋* *混蛋* *牛逼* *杂种* *雜種*',
  },
  {
    label: 'slur',
    level: 'high',
    words: '*支那* *黑鬼* *死基佬* *死同性恋* *棒子国* *小日本鬼子* *阿三狗* *绿绿教* *死玻璃* *白皮猪*',
  },
  // Japanese
  {
    label: 'profanity',
    level: 'medium',
    words:
      '*くそったれ* *クソ野郎* *くそ野郎* *ちくしょう* *畜生め* *まんこ* *ちんぽ* *きちがい* *キチガイ* *糞野郎* *ヤリマン* *死ねよ* *ばばあ死*',
  },
  { label: 'slur', level: 'high', words: '*チョン公* *シナ人* *土人め* *穢多* *非人め* *クロンボ* *ホモ野郎*' },
  // Korean
  {
    label: 'profanity',
    level: 'medium',
    words:
      '*씨발* *씨팔* *시발놈* *시발년* *시발새끼* *씹새끼* *개새끼* *병신* *지랄* *좆* *엠창* *썅* *니미럴* *ㅅㅂ* *ㅂㅅ* *미친놈* *미친년*',
  },
  { label: 'slur', level: 'high', words: '*짱깨* *쪽바리* *깜둥이* *똥꼬충* *조센징* *흑형놈* *게이새끼*' },
  // Thai, Greek
  {
    label: 'profanity',
    level: 'medium',
    words:
      '*เหี้ย* *ควย* *เย็ดแม่* *อีดอก* *ไอ้สัตว์* *ไอ้สัส* *หีแม่* *กะหรี่* μαλάκα μαλάκας γαμώ γαμήσου γαμημένε πουτάνα μουνί σκατά καριόλη αρχίδι',
  },
  { label: 'slur', level: 'high', words: 'πούστη πούστης πούστηδες αράπης *ไอ้มืด* *ไอ้ตุ๊ด*' },
  { label: 'harassment', level: 'high', words: '*死ね* *自殺しろ* *去死* *自杀吧* *죽어라* *자살해*' },
  { label: 'self_harm', level: 'high', words: '*我想死* *想自杀* *想自殺* *死にたい* *자살하고* *죽고싶*' },
  { label: 'violence', level: 'high', words: '*我要杀了你* *杀了你* *殺了你* *殺してやる* *죽여버*' },
]
