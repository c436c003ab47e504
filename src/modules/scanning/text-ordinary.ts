import { spelled } from './text-reading.ts'

/** Short words that stand beside each other in ordinary text, in the languages that are written in Latin letters most. */
const words = `
  a aan aber about above acho acolo act acum ada add added after again age agora ahora ai aici air akan aku al ale algo all alla allt
  als also am ama an anal anche and anda anh ans any ao apa april aqui ar are area areas art as asa asi asta at atau att au auch audio
  auf aus aussi aux av avec away ay ayo baby back baik bak bana bara based baska be been beh being belki below bem ben benar bene beni
  benim bent best bi bien biet big bij bile bin bine bir biraz bisa bist black blog blue board body bom book books both box boyle bra bu
  bueno bukan buna bunu but buy buyuk by byc ca cac cai call can cand car card cards care cart case cau cd ce cell certo ces cette ceva
  chce che check chi chiar child china cho chung ci cie city class click club co code cok color com come comme como con cos cosa cost
  could cours court cred creo cu cua cung cunku cut czy da daar daca daha dalam dan dans dar dari das dass dat data date day days de dec
  degil dei del della dem den der des det detto deux di dia dich did die dig din dir disse dit dizer dla do doar doch doen does dogru
  donc down du dvd e ea each east easy ebay een eger ei ein eine einen el ela ele eles ella elle eller em email en end entao enter entre
  er era eres ers es ese eso est esta estas este esti esto estou estoy et ete ett eu even event every evet fa face faire fait far fare
  fatto fax fazer few fi field file files film find first foi food for form forum fost found four fran free from fue full fur ga gaan
  gaat game games gay gdzie geen geri get gi gibi gift gio girls give given gli go god goed going good gor gora got great group guide
  gut guzel ha haar habe haben hacer had hade hadi hai hal han hand hanya har hard hari harus has hast hat have hay he head heb hebt
  heeft help hem henne her here het hic hier high hij him his hit ho hoe hole home hon honom hot hotel hours house how human hur i ich
  icin id iets if igen ihn ihr ii ik il im image imi in index info ingen ingin ini inte into io is isso issue ist it item items its itu
  iyi ja jadi jag jak jan je jego jej jesli jest jetzt jij jika job jobs john join juga july june just juz kadar kami kamu kan kann
  kasih kau ke keep key khi khong ki kiedy kim king kita know kom la lagi lai lam large las last law le learn lebih left legal lei les
  less let leur level life light lihat like line link links list live lo local login long look los love low lui ma maar made mai mail
  main mais major make mal mam man many map march mas mass maste masz mau may me mea med media meer meine men met meu mi mia mich mig
  might mij mijn min mine minh minha mio mir misin mit mnie model moet moge moins moj molto money month more most mot movie moze mu much
  muito mult muon music must musun muy my na naar nada name nao nar nas nay ne neden nee need needs nein nej net neu never new news next
  nghi nguoi nhu nhung ni nic nicht nie niet night no noch nog noi non north nos not note nous nov now nu nua nur o och oct od of off
  offer oh ok okej olan old oldu om on ona once onde one ong only ons ont onu onun ook op open or ora orang order os oss other ou our
  out over own oyle pa pada page pages pan pani paper par para pare park part party pas pay pc pe peki pen per pergi pero peu peut phai
  phone photo piu place plan play plus pm po poate pode point poker por porn posso post posts pot pour power press price print przez
  puedo punya pus put que quem quer quero qui quote ra radio range rat rate rates re read real red reply right road roi room rss run sa
  saat sabe said saja sale sales same san sana sans sao satu sau save say saya schon se see sei sein self sell semua sen send seni senin
  ser ses set seu sex sey shall share she shop show si sia siapa sich side sie sig sign sim simdi since sind sini site sites size ska
  small so sobie sole solo som some son sono sonra sont sou south soy space spus sta staff star start state stato still stiu stock store
  story study su sua such sudah sun sunt sur ta table tack tahu tak take tam tamam tapi tax te team teen tego tek telah tem ten tengo
  tenho ter teraz term terms test texas text than that thay the their them then there these they thi think this thoi those three ti
  tidak tiene till time times tin tine tit title to today todo todos toi too tools top topic tot total tout trong tror try tu tudo tuo
  tutti tutto tv two ty tylko tym type u uit uk um uma un una und unde under une uns until untuk up upp us usa use used user users using
  ut va vad vai value vamos van vao var vara vay ve very vet vez vi video viec view vill visit voce voi von voor vou vous vreau vrei
  waar want war was wat water way we web week weet wel well wenn were west what when where which while white who why wie wiec wiem wiesz
  wil will wir wird with women work world would write y ya yahoo yang yani year years yes yet yo yok york you young your za zal zaman ze
  zeby zijn zo zou zu`

const known: ReadonlySet<string> = new Set(words.trim().split(/\s+/).map(spelled))

/** Whether a piece of text, as it is read, is such a word: two of them together are not one in disguise (`pen is`). */
export const isOrdinary = (piece: string): boolean => known.has(piece)
