package aliketest

import "strings"

// language has the names of people who speak it, and how often the people of a set do.
type language struct {
	share    int      // in a hundred people
	given    []string // the most frequent first
	family   []string // the most frequent first
	begins   []string // the beginnings and ends of family names that few have
	ends     []string
	joined   bool     // the family name comes first, without a blank
	double   bool     // people have two family names
	prefixes []string // calling codes, and the first digits of mobile numbers
}

// words splits a list of words at blanks.
func words(text string) []string { return strings.Fields(text) }

// nicknames are short forms that people use for themselves, by given names.
var nicknames = map[string]string{
	"James": "Jim", "Robert": "Bob", "William": "Bill", "Elizabeth": "Liz", "Margaret": "Peggy", "Richard": "Dick", "Katherine": "Kate",
	"Michael": "Mike", "Christopher": "Chris", "Jennifer": "Jenny", "Thomas": "Tom", "Daniel": "Dan", "Patricia": "Patty", "Susan": "Sue",
	"Anthony": "Tony", "Andrew": "Drew", "Edward": "Ted", "Alexander": "Alex", "Johannes": "Hannes", "Sebastian": "Basti", "Katharina": "Kathi",
	"Francisco": "Paco", "José": "Pepe", "Guadalupe": "Lupe", "Giuseppe": "Beppe", "Francesco": "Franco", "Antonio": "Toni",
	"Jean": "Jeannot", "Frédéric": "Fred", "Katarzyna": "Kasia", "Małgorzata": "Gosia", "Krzysztof": "Krzysiek",
	"Александр": "Саша", "Екатерина": "Катя", "Михаил": "Миша", "Анастасия": "Настя", "Дмитрий": "Дима", "Johanna": "Hanna", "Mohammed": "Mo",
}

// languages are the languages of a set. Spelling is that of the language: with its accents, in its
// script.
var languages = []language{
	{share: 26, prefixes: []string{"+1 415", "+1 212", "+1 650", "+44 77", "+44 79"},
		given: words(`James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah
			Christopher Karen Charles Lisa Daniel Nancy Matthew Betty Anthony Sandra Mark Margaret Donald Ashley Steven Kimberly Andrew Emily Paul Donna
			Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa Timothy Deborah Ronald Stephanie George Rebecca Jason Sharon Edward Laura Jeffrey
			Cynthia Ryan Dorothy Jacob Amy Nicholas Kathleen Gary Angela Eric Shirley Jonathan Emma Stephen Brenda Larry Pamela Justin Nicole Scott
			Katherine Brandon Samantha Benjamin Christine Samuel Helen Gregory Debra Alexander Rachel Patrick Carolyn Frank Janet Raymond Maria Jack
			Olivia Dennis Heather Jerry Diane Tyler Julie Aaron Joyce`),
		family: words(`Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Thompson White Harris
			Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Nelson Baker Hall Campbell Mitchell Carter Roberts Phillips Evans
			Turner Parker Collins Edwards Stewart Morris Murphy Cook Rogers Morgan Cooper Peterson Bailey Reed Kelly Howard Cox Ward Richardson Watson
			Brooks Wood James Bennett Gray Hughes Price Myers Long Foster Sanders Ross Powell Sullivan Russell Jenkins Perry Butler Barnes Fisher
			O'Brien O'Connor McDonald Fitzgerald Smith-Jones`),
		begins: words(`Ash Black Brad Burn Clay Cold Crom Dal East Fair Green Hart Hay High Holl Kings Lang Lock Marsh Mil New North Oak Pem Rad Red Rock Ruther Sand Shel Stan Stock Thorn Under Wake West Whit Win Wood York`),
		ends:   words(`bourne bridge brook burn bury by combe cote croft dale den don fell field ford gate grave ham hurst land ley low man more ridge shaw side son stead stone ton ville wall ward water well wick wood worth`)},
	{share: 20, prefixes: []string{"+49 151", "+49 160", "+49 170", "+49 176", "+43 664", "+41 79"},
		given: words(`Peter Ursula Michael Monika Thomas Petra Andreas Sabine Wolfgang Elisabeth Klaus Renate Jürgen Andrea Günter Gabriele Stefan Claudia
			Christian Susanne Uwe Birgit Werner Karin Horst Brigitte Frank Christine Dieter Anna Manfred Heike Gerhard Angelika Bernd Martina Thorsten
			Katharina Mathias Nicole Helmut Stefanie Walter Julia Heinz Anja Martin Melanie Jörg Kerstin Rolf Silke Jens Sandra Sven Christina Alexander
			Daniela Jan Marie Rainer Ingrid Holger Heidi Karl Tanja Dirk Katrin Joachim Nadine Ralf Franziska Carsten Lena Herbert Lea Oliver Johanna
			Sebastian Mara Markus Jana Felix Hannah Lukas Sophie Tobias Laura Johannes Svenja Florian Greta Björn Friederike Maximilian Anneliese`),
		family: words(`Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann
			Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter
			Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck
			Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel
			Heinrich Brandt Haas Schreiber Graf Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Voigt Sauer Arnold Wolff Pfeiffer`),
		begins: words(`Acker Alten Bach Berg Birken Blum Brand Buch Burg Dorn Eber Eichen Erlen Feld Fried Gold Grün Hagen Hasel Heide Hell Hohen Holz Kalten Kirch Krumm Lauten Linden Loh Mühl Neu Ober Rosen Roth Sand Schön Stein Tal Unter Wald Weiden Wein Wester Wolfs`),
		ends:   words(`bach bauer beck berg brink bruch burger dorf eder egger feld felder hauer hausen heim hofer holz horst huber kamp kötter lechner lohe mann meier meister meyer moser müller rath reuter ried stein steiner stetter thal weber wieser`)},
	{share: 12, prefixes: []string{"+33 6", "+33 7", "+32 47"},
		given: words(`Jean Marie Pierre Nathalie Michel Isabelle Philippe Sylvie Alain Catherine Patrick Françoise Nicolas Martine Christophe Valérie Daniel
			Christine Bernard Sandrine Éric Véronique Frédéric Stéphanie Laurent Sophie Stéphane Céline Olivier Chantal Pascal Julie David Aurélie
			Gérard Patricia Thierry Anne Julien Brigitte Sébastien Émilie Thomas Laurence Hervé Élodie Guillaume Dominique Vincent Florence Jérôme
			Mélanie Benoît Camille Antoine Léa Mathieu Manon Maxime Chloé Jean-Pierre Anne-Sophie Jean-Luc Marie-Claire Hélène Zoé`),
		family: words(`Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David Bertrand Morel Fournier
			Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André Mercier Blanc Guérin Boyer Garnier Chevalier François
			Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont Marie Lemaire
			Noël Meyer Dufour Meunier Brun Blanchard Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt`),
		begins: words(`Aub Beau Bell Bois Bonn Bour Cast Champ Char Chau Clair Cour Dela Des Font Four Gren Gui Haute Lam Lav Mal March Mont Pel Per Pom Pont Roche Saint Sau Val Vau Ver Ville`),
		ends:   words(`ac aire ant ard aud ault aux bert bois champ cher dieu eau el elle ert et euil fort gny ier ière illac in ion lac lier mont nel neuf on ot ou oux pont rand ron sac seau val vier vigne ville`)},
	{share: 12, prefixes: []string{"+34 61", "+34 65", "+52 55", "+54 11", "+57 31"}, double: true,
		given: words(`Antonio María José Carmen Manuel Ana Francisco Isabel David Laura Juan Cristina Javier Marta Daniel Dolores Carlos Lucía Jesús Pilar
			Alejandro Elena Miguel Raquel Rafael Sara Pedro Paula Pablo Mercedes Ángel Rosario Sergio Beatriz Fernando Teresa Jorge Julia Luis Rocío
			Alberto Silvia Álvaro Nuria Adrián Irene Diego Patricia Raúl Montserrat Iván Andrea Rubén Rosa Enrique Alba Óscar Sonia Ramón Sandra
			Vicente Marina Andrés Susana Joaquín Guadalupe Santiago Yolanda Víctor Natalia Eduardo Inés Mario Margarita Roberto Eva Jaime Claudia`),
		family: words(`García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Hernández Ruiz Díaz Moreno Muñoz Álvarez Romero
			Gutiérrez Alonso Navarro Torres Domínguez Ramos Vázquez Ramírez Gil Serrano Morales Molina Blanco Suárez Castro Ortega Delgado Ortiz Marín
			Rubio Núñez Medina Sanz Castillo Iglesias Cortés Garrido Santos Guerrero Lozano Cano Cruz Méndez Flores Prieto Herrera Peña León Márquez
			Cabrera Gallego Calvo Vidal Campos Reyes Vega Fuentes Carrasco Díez Aguilar Caballero Nieto Santana Pascual Herrero Montero Lorenzo Hidalgo`),
		begins: words(`Alb Alc Ar Bal Bar Ben Berm Caba Cal Cam Car Cas Cer Cor Esp Est Gal Gar Gor Guer Ib Iz Lar Lez Mal Mat Mend Mon Mor Ol Pal Pin Quin Riv Rod Sal San Tor Urr Val Vill Zam Zub`),
		ends:   words(`ada ado al anza ar arra aza edo ega ejo ena ero eta ez ibar illa illo ina iz oa ona onte ora osa oz uela uera uño urri`)},
	{share: 8, prefixes: []string{"+39 320", "+39 333", "+39 347"},
		given: words(`Giuseppe Maria Giovanni Anna Antonio Rosa Mario Angela Luigi Giovanna Francesco Teresa Angelo Lucia Vincenzo Carmela Pietro Caterina
			Salvatore Francesca Carlo Antonietta Franco Elena Domenico Concetta Bruno Rita Paolo Margherita Michele Franca Giorgio Paola Aldo Sara
			Sergio Chiara Luciano Giulia Alessandro Martina Andrea Valentina Marco Federica Matteo Silvia Luca Laura Davide Elisa Stefano Ilaria`),
		family: words(`Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca Mancini Costa Giordano Rizzo
			Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile Martinelli Vitale Lombardo Serra
			Coppola De_Santis D'Angelo Marchetti Parisi Villa Conte Ferraro Ferri Fabbri Bianco Marini Grasso Valentini Messina Sala De_Angelis Gatti`),
		begins: words(`Alb Bald Bar Bell Ben Bert Bon Cal Camp Cant Cap Cas Cer Col Dam Fal Ferr Gal Gamb Giac Guid Lam Mal Man Mart Mazz Mont Nard Pagl Pell Pic Quart Rav Sant Scar Spin Tagl Tom Vals Zan`),
		ends:   words(`acci aldi ani anti ardi aro asi ato azzi elli ello eri erini etti ezzi icci iero ini ioli isi oldi one oni oro osi otti ucci uzzo`)},
	{share: 6, prefixes: []string{"+48 50", "+48 60"},
		given: words(`Anna Piotr Maria Krzysztof Katarzyna Andrzej Małgorzata Tomasz Agnieszka Jan Krystyna Paweł Barbara Marcin Ewa Michał Elżbieta Marek
			Zofia Grzegorz Teresa Józef Magdalena Łukasz Joanna Adam Janina Zbigniew Monika Jerzy Danuta Tadeusz Jadwiga Mateusz Aleksandra Dariusz`),
		family: words(`Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur
			Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski`),
		begins: words(`Adam Bar Biel Bor Brzoz Chmiel Cyb Czarn Dob Dom Gór Grab Jas Jaw Kal Kar Kras Lip Łuk Maj Mal Mil Nied Olsz Ost Rad Rut Sad Sikor Sob Stach Szczep Tom Wal Wit Zaw`),
		ends:   words(`achowski ak alski anowski arczyk arz as czak czyk ecki ek elski eński ewicz icki iewski ik ilski iński kiewicz owicz owski uk ur yński`)},
	{share: 6, prefixes: []string{"+7 903", "+7 916", "+7 926", "+380 67"},
		given: words(`Александр Елена Сергей Ольга Владимир Наталья Андрей Екатерина Алексей Анна Дмитрий Татьяна Николай Мария Евгений Светлана Михаил
			Ирина Иван Анастасия Игорь Юлия Юрий Людмила Виктор Галина Павел Ксения Константин Марина Олег Валентина Денис Дарья Максим Надежда`),
		family: words(`Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов Егоров Павлов
			Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин`),
		begins: words(`Абрам Бары Бел Богд Бур Верх Глад Гор Добр Дрозд Ер Жар Зим Кал Кар Крас Лаз Мал Мам Мед Нест Окун Пан Рыб Сав Сит Тар Тих Ур Фил Хар Чер Шил Щер Яр`),
		ends:   words(`аев анов арин атов евич ейко енко ецкий ин инский ков ович овский оров ухин ушкин ченко чук юк ягин ялов`)},
	{share: 3, prefixes: []string{"+86 138", "+86 139", "+86 186"}, joined: true,
		given:  words(`伟 芳 娜 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 建国 志强 文静 晓明 雪梅 海燕 建华 国强 玉兰 子涵 欣怡 浩然 宇轩 梓萱 思远 佳琪 一诺`),
		family: words(`王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 邓 冯 曹 彭 曾 肖 田 董 潘 袁 蔡 蒋 余`),
		begins: words(`欧 司 上 诸 皇 令 慕 独`), ends: words(`阳 马 官 葛 甫 狐 容 孤`)},
	{share: 2, prefixes: []string{"+81 90", "+81 80"}, joined: true,
		given:  words(`太郎 花子 健 陽子 誠 恵子 隆 久美子 浩 由美子 大輔 直美 拓也 智子 翔太 美咲 健太 愛 達也 舞 哲也 明美 和也 裕子 翼 彩 蓮 陽菜 悠真 結衣`),
		family: words(`佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水 山崎 森 池田 橋本 阿部 石川 山下 中島 石井 小川`),
		begins: words(`青 秋 浅 荒 飯 今 岩 上 内 梅 大 岡 奥 川 北 黒 坂 桜 島 竹`), ends: words(`井 浦 江 尾 川 口 崎 沢 島 田 谷 野 原 村 本 森 山`)},
	{share: 5, prefixes: []string{"+90 53", "+91 98", "+971 50", "+20 10"},
		given: words(`Mehmet Fatma Mustafa Ayşe Ahmet Emine Ali Hatice Hüseyin Zeynep Hasan Elif İbrahim Meryem Mohammed Fatima Omar Layla Yusuf Aisha
			Priya Rahul Anjali Amit Sunita Vijay Deepa Sanjay Kavita Rajesh Neha Arjun Pooja Ravi Lakshmi Anil Khalid Noura Tariq Salma`),
		family: words(`Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek
			Kumar Singh Sharma Patel Gupta Khan Ahmed Hassan Reddy Nair Iyer Mehta Shah Verma Joshi Rao Das Malik Hussein El-Sayed al-Rashid`),
		begins: words(`Ak Al Ay Bal Bay Boz Can Çağ Dağ Er Gök Gül Kar Kır Mah Nar Par Raj Sar Sub Şen Taş Tun Uç Ven Yav Yur`),
		ends:   words(`ak alp an anathan atay bulut çı dağ demir deep er eswaran han inder kan kaya kumar man oğlu oluk raman soy taş türk vardhan yan`)},
}
